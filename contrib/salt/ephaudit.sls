# The program, and the service with its timer. Beside this file in the file roots: programs as
# ephaudit-Linux-x86_64 (the grains kernel and cpuarch), and the two units of contrib/systemd.
/usr/bin/ephaudit:
  file.managed:
    - source: salt://{{ slspath }}/ephaudit-{{ grains['kernel'] }}-{{ grains['cpuarch'] }}
    - user: root
    - group: root
    - mode: '0755'

{% for unit in ('ephaudit.service', 'ephaudit.timer') %}
/etc/systemd/system/{{ unit }}:
  file.managed:
    - source: salt://{{ slspath }}/{{ unit }}
    - user: root
    - group: root
    - mode: '0644'
    - watch_in:
      - service: ephaudit.timer
{% endfor %}

ephaudit.timer:
  service.running:
    - enable: true
    - require:
      - file: /usr/bin/ephaudit
